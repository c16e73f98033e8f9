/// The last N different tags, the latest first; 0 stands for an empty place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recent<const N: usize>(pub(super) [u32; N]);

impl<const N: usize> Recent<N> {
    pub(super) const EMPTY: Self = Self([0; N]);

    pub(super) fn is_empty(&self) -> bool {
        self.0.first().is_none_or(|first| *first == 0)
    }

    pub(super) fn contains(&self, tag: u32) -> bool {
        self.0.contains(&tag)
    }

    /// Put a tag in front. When it is new and there is no room, the last one is forgotten.
    pub(super) fn touch(&mut self, tag: u32) {
        let place = self.0.iter().position(|known| *known == tag).unwrap_or(N - 1);
        self.0.copy_within(..place, 1);
        self.0[0] = tag;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_stand_in_front_and_the_oldest_is_forgotten() {
        let mut recent = Recent::<3>::EMPTY;
        assert!(recent.is_empty());
        for tag in [1, 2, 3, 2] {
            recent.touch(tag);
        }
        assert_eq!(recent.0, [2, 3, 1]);
        recent.touch(4);
        assert_eq!(recent.0, [4, 2, 3]);
        assert!(recent.contains(3) && !recent.contains(1));
    }
}
