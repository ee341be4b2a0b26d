use tonic::{CancellationHandle, Request};

/// Resets a call when it is dropped. tonic does that by itself only where the request has been sent: what else holds the
/// stream open is the task that sends the rest.
pub struct CancelOnDrop(Option<CancellationHandle>);

impl CancelOnDrop {
    pub fn new<T>(request: &mut Request<T>) -> Self {
        CancelOnDrop(Some(request.cancellation_handle()))
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.take().map(CancellationHandle::cancel);
    }
}
