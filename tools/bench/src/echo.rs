//! The bare echo: hyper's HTTP/1.1 on the server's form of runtime, and nothing else. It answers each request with its
//! own body and knows no service.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves until the process is killed. Says on standard output where.
pub(crate) fn serve(listen: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await?;
        println!("echo is listening on http://{}", listener.local_addr()?);
        accept(listener).await
    })
}

/// Accepts until the listener fails.
pub(crate) async fn accept(listener: TcpListener) -> Result<()> {
    loop {
        let (stream, _address) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut builder = http1::Builder::new();
            builder.header_read_timeout(None);
            // A client that breaks its connection is none of our concern.
            drop(builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await);
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await;
    let mut response = Response::new(Full::new(body.map(http_body_util::Collected::to_bytes).unwrap_or_default()));
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}
