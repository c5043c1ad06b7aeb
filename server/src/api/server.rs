//! `ServerService`.

use chancery_proto::v1::server_service_server::ServerService;
use chancery_proto::v1::{GetServerRequest, GetServerResponse};
use tonic::{Request, Response, Status};

use super::{answer, enrolled, peer};
use crate::app::App;

/// The service.
pub struct Server(pub App);

#[tonic::async_trait]
impl ServerService for Server {
    async fn get_server(
        &self,
        request: Request<GetServerRequest>,
    ) -> Result<Response<GetServerResponse>, Status> {
        answer("GetServer", async {
            enrolled(&self.0, &peer(&request)?).await?;
            Ok(GetServerResponse {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                root_fingerprint: self.0.root().as_bytes().to_vec().into(),
                server_time_ms: self.0.now_ms(),
                mechanism: self.0.mechanism_file().clone(),
            })
        })
        .await
    }
}
