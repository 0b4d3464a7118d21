//! How often something may be done.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket of tokens, full at first, that fills up again at a steady pace.
#[derive(Debug)]
pub(super) struct Tokens {
    most: u32,
    left: u32,
    each: Duration,
    /// When the last token came.
    since: Instant,
}

impl Tokens {
    /// At most so many at once, and one more each time that this time went by.
    pub(super) fn new(most: u32, each: Duration) -> Self {
        Self { most, left: most, each, since: Instant::now() }
    }

    /// Whether there is one; it is gone then.
    pub(super) fn take(&mut self) -> bool {
        let now = Instant::now();
        while self.left < self.most && now.duration_since(self.since) >= self.each {
            self.left += 1;
            self.since += self.each;
        }
        if self.left == self.most {
            self.since = now;
        }
        let there = self.left > 0;
        self.left -= u32::from(there);
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tokens_come_back_one_by_one() {
        let mut tokens = Tokens::new(2, Duration::from_secs(10));
        let mut taken = async |seconds| {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            (tokens.take(), tokens.take(), tokens.take())
        };
        assert_eq!(taken(0).await, (true, true, false));
        assert_eq!(taken(9).await, (false, false, false));
        assert_eq!(taken(1).await, (true, false, false));
        assert_eq!(taken(15).await, (true, false, false));
        assert_eq!(taken(5).await, (true, false, false));
        assert_eq!(taken(3600).await, (true, true, false));
    }
}
