//! `chancery.v1.ServerService`.

use bytes::Bytes;
use chancery_proto::v1;
use tonic::{Request, Response, Status};

use super::{answer, enrolled, peer};
use crate::app::App;

/// The service.
pub(crate) struct Server(pub(crate) App);

#[tonic::async_trait]
impl v1::server_service_server::ServerService for Server {
    async fn get_server(
        &self,
        request: Request<v1::GetServerRequest>,
    ) -> Result<Response<v1::GetServerResponse>, Status> {
        answer("GetServer", async {
            enrolled(&self.0, &peer(&request)?).await?;
            Ok(v1::GetServerResponse {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                root_fingerprint: Bytes::copy_from_slice(self.0.root().as_bytes()),
                server_time_ms: self.0.now_ms(),
                mechanism: self.0.mechanism_file().clone(),
            })
        })
        .await
    }
}
