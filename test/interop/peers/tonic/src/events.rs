use std::{collections::HashSet, sync::Arc};

use tokio::sync::watch;

/// What happened to calls, so that a client can wait for "begun ID" before it cancels and for "ended ID" after it did,
/// without any sleep.
#[derive(Clone, Default)]
pub struct Events(Arc<watch::Sender<HashSet<String>>>);

impl Events {
    pub async fn wait(&self, event: &str) {
        // The sender lives as long as this.
        let _ = self.0.subscribe().wait_for(|happened| happened.contains(event)).await;
    }

    /// Records that a call has begun and, when the answer is dropped, that it has ended.
    pub fn begin(&self, id: String) -> Running {
        self.record(format!("begun {id}"));
        Running { events: self.clone(), id }
    }

    fn record(&self, event: String) {
        self.0.send_modify(|happened| {
            happened.insert(event);
        });
    }
}

/// A call that is not over; tonic drops what a handler holds when its peer cancels.
pub struct Running {
    events: Events,
    id: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.events.record(format!("ended {}", self.id));
    }
}
