//! Work that somebody may give up from outside: its future is dropped, which gives up the commands that it waits for.

use futures_channel::oneshot;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Gives the work up when it is sent to; to drop it changes nothing.
pub(crate) type Canceller = oneshot::Sender<()>;

/// What the work listens to.
pub(crate) type Cancelled = oneshot::Receiver<()>;

/// The two ends of it.
pub(crate) fn pair() -> (Canceller, Cancelled) {
    oneshot::channel()
}

/// The outcome of `work`; none when it is given up first.
pub(crate) async fn unless<T>(mut cancelled: Cancelled, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match Pin::new(&mut cancelled).poll(context) {
        Poll::Ready(Ok(())) => Poll::Ready(None),
        _ => work.as_mut().poll(context).map(Some),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::task::{Context, Waker};

    fn now<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn work_that_is_given_up_has_no_outcome() {
        let (canceller, cancelled) = pair();
        canceller.send(()).expect("somebody listens");
        assert_eq!(now(unless(cancelled, pending::<u8>())), Poll::Ready(None));
    }

    #[test]
    fn work_that_nobody_can_give_up_any_more_goes_on() {
        let (canceller, cancelled) = pair();
        drop(canceller);
        assert_eq!(now(unless(cancelled, async { 7 })), Poll::Ready(Some(7)));
    }
}
