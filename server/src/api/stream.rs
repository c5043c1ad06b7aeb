//! Answers that are streams: a step makes the next message, and dropping the stream drops all of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_stream::Stream;
use tonic::Status;

type Step<S, T> = Pin<Box<dyn Future<Output = (Option<S>, Result<T, Status>)> + Send>>;

/// A stream of messages.
pub(crate) type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The stream of what `step` makes, one after another: it hands its state on, or ends the stream by keeping it.
pub(crate) fn events<S, T, F>(state: S, step: fn(S) -> F) -> Events<T>
where
    S: Send + 'static,
    T: Send + 'static,
    F: Future<Output = (Option<S>, Result<T, Status>)> + Send + 'static,
{
    Box::pin(Steps { step, running: Some(Box::pin(step(state))) })
}

struct Steps<S, T, F> {
    step: fn(S) -> F,
    running: Option<Step<S, T>>,
}

impl<S, T, F> Stream for Steps<S, T, F>
where
    S: Send + 'static,
    T: Send + 'static,
    F: Future<Output = (Option<S>, Result<T, Status>)> + Send + 'static,
{
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(running) = &mut self.running else { return Poll::Ready(None) };
        let (state, item) = std::task::ready!(running.as_mut().poll(cx));
        self.running = state.map(|state| Box::pin((self.step)(state)) as Step<S, T>);
        Poll::Ready(Some(item))
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_stream_ends_when_its_state_is_kept() {
        async fn step(n: u32) -> (Option<u32>, Result<u32, Status>) {
            if n < 3 { (Some(n + 1), Ok(n)) } else { (None, Err(Status::not_found("end"))) }
        }
        let all: Vec<_> = events(0, step).map(|item| item.map_err(|status| status.code())).collect().await;
        assert_eq!(all, [Ok(0), Ok(1), Ok(2), Err(tonic::Code::NotFound)]);
    }
}
