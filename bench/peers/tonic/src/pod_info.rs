use tonic::{Request, Response, Status};

use crate::proto::podinfo::{DescribeRequest, DescribeResponse, pod_info_server};

pub struct PodInfo;

#[tonic::async_trait]
impl pod_info_server::PodInfo for PodInfo {
    async fn describe(&self, request: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        let reply = request.into_inner().text + " And a reply from the server.";
        Ok(Response::new(DescribeResponse { reply }))
    }
}
