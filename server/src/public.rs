//! The public pages: what States have opened to everyone, read-only, without an account.
//!
//! A listener of its own, beside the gate: nothing here knows a caller, and nothing here writes. It shows the
//! log of the public publication and what stands beside it, and so no person and nothing that is not public.

mod attachment;
mod bundle;
mod date;
mod html;
mod listener;
mod pages;
mod response;
mod route;

pub use listener::{PublicLimits, serve};

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chancery_core::act::Audience;
use http::{Method, Request, StatusCode};
use tokio::sync::Semaphore;

use crate::app::{App, AppError};
use response::Response;
use route::Route;

/// The pages of one deployment. Cheap to clone.
#[derive(Clone)]
struct Public(Arc<Shared>);

struct Shared {
    app: App,
    /// The first page, and the size of the log that it shows: only what is appended changes it.
    front: Mutex<Option<(u64, Bytes)>>,
    /// Bundles under way, each of which holds a thread.
    bundles: Arc<Semaphore>,
}

impl Public {
    fn new(app: App) -> Self {
        let bundles = Arc::new(Semaphore::new(BUNDLES_MAX));
        Self(Arc::new(Shared { app, front: Mutex::new(None), bundles }))
    }

    /// Answers one request. What a request is told is never more than its path asks for.
    async fn answer<B>(&self, request: &Request<B>) -> Response {
        let response = match (request.method(), Route::parse(request.uri().path())) {
            (&Method::GET | &Method::HEAD, Some(route)) => match self.find(&route).await {
                Ok(Some(response)) => response,
                Ok(None) => self.not_found(),
                Err(error) => self.failed(&error),
            },
            (&Method::GET | &Method::HEAD, None) => self.not_found(),
            _ => response::method_not_allowed(pages::sorry(
                &self.site(),
                "This page can only be read",
                "It takes no other request than one to read.",
            )),
        };
        if request.method() == Method::HEAD { response::head(response) } else { response }
    }

    /// What stands at a route, if there is anything.
    async fn find(&self, route: &Route) -> Result<Option<Response>, AppError> {
        match route {
            Route::Front => self.front().await.map(|page| Some(response::page(StatusCode::OK, page))),
            Route::State { state, start } => {
                let page = pages::state(self.app(), &self.site(), *state, *start).await?;
                Ok(page.map(|page| response::page(StatusCode::OK, page)))
            }
            Route::Item(index) => Ok(match self.app().disclosed_item(Audience::Public, *index).await? {
                None => None,
                Some(item) => {
                    let status = if item.opened.is_some() { StatusCode::OK } else { StatusCode::GONE };
                    Some(response::page(status, pages::item(self.app(), &self.site(), &item)?))
                }
            }),
            Route::File { index, position } => attachment::open(self.app(), *index, *position).await,
            Route::Bundle(index) => bundle::open(self.app(), &self.0.bundles, *index).await,
            Route::Checkpoint => {
                let view = self.app().publication(Audience::Public).await?;
                let id = self.app().world().publication_id(Audience::Public);
                Ok(Some(response::text(self.app().checkpoint(&id, &view))))
            }
            Route::About => Ok(Some(response::page(StatusCode::OK, pages::about(self.app(), &self.site())))),
            Route::Style => Ok(Some(response::style(html::STYLE))),
        }
    }

    async fn front(&self) -> Result<Bytes, AppError> {
        let size = self.app().publication(Audience::Public).await?.log().size();
        if let Some((shown, page)) = &*self.0.front.lock().unwrap_or_else(PoisonError::into_inner)
            && *shown == size
        {
            return Ok(page.clone());
        }
        let page = pages::front(self.app(), &self.site()).await?;
        *self.0.front.lock().unwrap_or_else(PoisonError::into_inner) = Some((size, page.clone()));
        Ok(page)
    }

    fn not_found(&self) -> Response {
        let page =
            pages::sorry(&self.site(), "Nothing public here", "There is no public item at this address.");
        response::page(StatusCode::NOT_FOUND, page)
    }

    fn failed(&self, error: &AppError) -> Response {
        tracing::error!(%error, "a public page could not be shown");
        let what = "The page cannot be shown at present";
        let page = pages::sorry(&self.site(), what, "Nothing is lost. Please try again in a moment.");
        response::page(StatusCode::SERVICE_UNAVAILABLE, page)
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    fn site(&self) -> html::Site<'_> {
        html::Site { mechanism: &self.app().mechanism().title }
    }
}

/// Bundles made at once; more are asked to come again.
const BUNDLES_MAX: usize = 16;

#[cfg(test)]
mod tests;
