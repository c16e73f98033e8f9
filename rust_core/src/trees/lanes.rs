//! A perfect tree for a block of rows, in AVX-512, in AVX2 and in what any processor has.
//!
//! One description of a tree's evaluation is compiled three times, over three kinds of [`Lanes`].
//!
//! This is the one file of the trees with unsafe code: it reads without asking whether the place is
//! there, which [`add_tree`], its only door, has asked once for a whole tree.

use super::simd::Simd;
use std::marker::PhantomData;

/// How many rows a tree takes at once.
pub(super) const BLOCK: usize = 32;

/// How many rows pass the trees together: their ranks fit the first-level cache beside a tree.
pub(super) const ROWS: usize = 8 * BLOCK;

/// A test by rank: go left if the rank in the column is less than this one.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Cut {
    /// Where the column starts within a block of columns.
    offset: u32,
    /// The rank, twice, because 32 bits are spread over a vector in one instruction.
    rank: u32,
}

impl Cut {
    #[allow(clippy::cast_possible_truncation)] // There are at most 65,535 columns.
    pub(super) fn new(column: usize, rank: i16) -> Self {
        let half = u32::from(rank.cast_unsigned());
        Self { offset: (column * BLOCK) as u32, rank: (half << 16) | half }
    }
}

/// One number of 16 bits for each row of a block.
trait Lanes: Copy {
    /// For each row, whether it goes left.
    type Mask: Copy;

    /// Which ranks of a column are less than this one. Asked like this, and not the other way
    /// round, an instruction takes the column from memory by itself.
    ///
    /// # Safety
    /// `column` points to `BLOCK` ranks, and the processor has the instructions.
    unsafe fn test(column: *const i16, rank: u32) -> Self::Mask;

    /// `number` on the right and the one before it on the left.
    ///
    /// # Safety
    /// The processor has the instructions.
    unsafe fn last(mask: Self::Mask, number: i16) -> Self;

    /// What a row has on its side.
    ///
    /// # Safety
    /// The processor has the instructions.
    unsafe fn choose(mask: Self::Mask, left: Self, right: Self) -> Self;

    /// Add to each row's sum the leaf of its number.
    ///
    /// # Safety
    /// All numbers are within the `leaves`, `sums` points to `BLOCK` sums, and the processor has
    /// the instructions.
    unsafe fn add_leaves(self, leaves: *const f32, sums: *mut f32);
}

/// The numbers of the leaves below a node, as deep as the type says.
trait Level {
    /// # Safety
    /// `cuts` points to a heap in which `node` is at this level; the column of each cut lies within
    /// `columns`; the processor has the instructions.
    unsafe fn leaf<L: Lanes>(cuts: *const Cut, columns: *const i16, node: usize) -> L;
}

/// A test right before the leaves.
struct Last;

/// A test above another level.
struct Above<L>(PhantomData<L>);

impl Level for Last {
    #[inline(always)]
    unsafe fn leaf<L: Lanes>(cuts: *const Cut, columns: *const i16, node: usize) -> L {
        unsafe {
            let cut = *cuts.add(node);
            let mask = L::test(columns.add(cut.offset as usize), cut.rank);
            // The leaves of a level of n nodes, whose first is n, are 0 to 2n - 1.
            let first = 1 << node.ilog2();
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // At most 63.
            L::last(mask, (2 * (node - first) + 1) as i16)
        }
    }
}

impl<B: Level> Level for Above<B> {
    #[inline(always)]
    unsafe fn leaf<L: Lanes>(cuts: *const Cut, columns: *const i16, node: usize) -> L {
        unsafe {
            let right: L = B::leaf(cuts, columns, 2 * node + 1);
            let left: L = B::leaf(cuts, columns, 2 * node);
            let cut = *cuts.add(node);
            L::choose(L::test(columns.add(cut.offset as usize), cut.rank), left, right)
        }
    }
}

type Depth1 = Last;
type Depth2 = Above<Depth1>;
type Depth3 = Above<Depth2>;
type Depth4 = Above<Depth3>;
type Depth5 = Above<Depth4>;
type Depth6 = Above<Depth5>;

/// A tree and the ranks of the rows that pass it.
#[derive(Clone, Copy)]
struct Passage<'a> {
    cuts: &'a [Cut],
    leaves: &'a [f32],
    columns: &'a [i16],
    /// How many ranks the columns of a block have together.
    block_size: usize,
}

/// Add the leaves of one tree to the sums of all rows, which are whole blocks.
///
/// `columns` holds, block after block, `column_count` columns of `BLOCK` ranks each.
///
/// # Panics
/// When the sizes do not fit one another, or a cut's column is not there.
pub(super) fn add_tree(
    simd: Simd,
    cuts: &[Cut],
    leaves: &[f32],
    columns: &[i16],
    column_count: usize,
    sums: &mut [f32],
) {
    let block_size = column_count * BLOCK;
    assert!(cuts.len().is_power_of_two() && (2..=64).contains(&cuts.len()));
    assert!(cuts.len() == leaves.len());
    assert!(sums.len().is_multiple_of(BLOCK) && columns.len() == column_count * sums.len());
    assert!(cuts.iter().all(|cut| (cut.offset as usize) < block_size));
    let passage = Passage { cuts, leaves, columns, block_size };
    // SAFETY: The sizes were just compared, and an offset is a multiple of `BLOCK`, as `block_size`
    // is; a path that the processor does not have is never chosen (`Simd::choose`).
    unsafe {
        match simd {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => x86::add_avx512(passage, sums),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => x86::add_avx2(passage, sums),
            _ => add::<Plain>(passage, sums),
        }
    }
}

/// # Safety
/// The sizes of the passage fit one another, every offset is that of a column, and the processor
/// has the instructions of the lanes.
#[inline(always)]
unsafe fn add<L: Lanes>(passage: Passage<'_>, sums: &mut [f32]) {
    unsafe {
        match passage.cuts.len() {
            2 => add_deep::<L, Depth1>(passage, sums),
            4 => add_deep::<L, Depth2>(passage, sums),
            8 => add_deep::<L, Depth3>(passage, sums),
            16 => add_deep::<L, Depth4>(passage, sums),
            32 => add_deep::<L, Depth5>(passage, sums),
            _ => add_deep::<L, Depth6>(passage, sums),
        }
    }
}

/// # Safety
/// As for `add`, and the tree is as deep as the level.
#[inline(always)]
unsafe fn add_deep<L: Lanes, D: Level>(passage: Passage<'_>, sums: &mut [f32]) {
    let Passage { cuts, leaves, columns, block_size } = passage;
    for (block, sums) in columns.chunks_exact(block_size).zip(sums.chunks_exact_mut(BLOCK)) {
        // SAFETY: The heap has as many cuts as the level asks for, the numbers that come out are
        // those of its leaves, and there is a sum for each row of the block.
        unsafe {
            let numbers: L = D::leaf(cuts.as_ptr(), block.as_ptr(), 1);
            numbers.add_leaves(leaves.as_ptr(), sums.as_mut_ptr());
        }
    }
}

/// Lanes of any processor.
#[derive(Clone, Copy)]
struct Plain([i16; BLOCK]);

impl Lanes for Plain {
    type Mask = [i16; BLOCK];

    #[inline(always)]
    unsafe fn test(column: *const i16, rank: u32) -> Self::Mask {
        // SAFETY: The column has `BLOCK` ranks.
        let ranks = unsafe { &*column.cast::<[i16; BLOCK]>() };
        #[allow(clippy::cast_possible_truncation)] // Both halves are the rank.
        let rank = (rank as u16).cast_signed();
        let mut mask = [0; BLOCK];
        for (mask, of_row) in mask.iter_mut().zip(ranks) {
            *mask = -i16::from(*of_row < rank);
        }
        mask
    }

    #[inline(always)]
    unsafe fn last(mask: Self::Mask, number: i16) -> Self {
        Self(mask.map(|mask| number.wrapping_add(mask)))
    }

    #[inline(always)]
    unsafe fn choose(mask: Self::Mask, left: Self, right: Self) -> Self {
        let mut chosen = left.0;
        for (lane, chosen) in chosen.iter_mut().enumerate() {
            *chosen = (*chosen & mask[lane]) | (right.0[lane] & !mask[lane]);
        }
        Self(chosen)
    }

    #[inline(always)]
    unsafe fn add_leaves(self, leaves: *const f32, sums: *mut f32) {
        for (lane, number) in self.0.into_iter().enumerate() {
            // SAFETY: A number is that of a leaf, and there is a sum for each lane.
            unsafe {
                *sums.add(lane) += *leaves.add(usize::from(number.cast_unsigned()));
            }
        }
    }
}

/// The lanes of x86 processors.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{BLOCK, Lanes, Passage, add};
    use std::arch::x86_64::{
        __m256i, __m512i, __mmask32, _mm256_add_epi16, _mm256_add_ps, _mm256_blendv_epi8,
        _mm256_castsi256_si128, _mm256_cmpgt_epi16, _mm256_cvtepi16_epi32,
        _mm256_extracti128_si256, _mm256_i32gather_ps, _mm256_loadu_ps, _mm256_loadu_si256,
        _mm256_set1_epi16, _mm256_set1_epi32, _mm256_storeu_ps, _mm512_add_ps,
        _mm512_castsi512_si256, _mm512_cmpgt_epi16_mask, _mm512_cvtepi16_epi32,
        _mm512_extracti64x4_epi64, _mm512_i32gather_ps, _mm512_loadu_epi16, _mm512_loadu_ps,
        _mm512_mask_blend_epi16, _mm512_mask_sub_epi16, _mm512_set1_epi16, _mm512_set1_epi32,
        _mm512_storeu_ps,
    };

    /// # Safety
    /// As for `add`, with AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn add_avx2(passage: Passage<'_>, sums: &mut [f32]) {
        unsafe { add::<Avx2>(passage, sums) }
    }

    /// # Safety
    /// As for `add`, with AVX-512 F and BW.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn add_avx512(passage: Passage<'_>, sums: &mut [f32]) {
        unsafe { add::<Avx512>(passage, sums) }
    }

    /// Half of the lanes in each register.
    #[derive(Clone, Copy)]
    struct Avx2(__m256i, __m256i);

    impl Lanes for Avx2 {
        /// All bits of a row that goes left.
        type Mask = (__m256i, __m256i);

        #[inline(always)]
        unsafe fn test(column: *const i16, rank: u32) -> Self::Mask {
            unsafe {
                let cut = _mm256_set1_epi32(rank.cast_signed());
                let low = _mm256_loadu_si256(column.cast());
                let high = _mm256_loadu_si256(column.add(BLOCK / 2).cast());
                (_mm256_cmpgt_epi16(cut, low), _mm256_cmpgt_epi16(cut, high))
            }
        }

        #[inline(always)]
        unsafe fn last(mask: Self::Mask, number: i16) -> Self {
            unsafe {
                // All bits set is minus one.
                let numbers = _mm256_set1_epi16(number);
                Self(_mm256_add_epi16(numbers, mask.0), _mm256_add_epi16(numbers, mask.1))
            }
        }

        #[inline(always)]
        unsafe fn choose(mask: Self::Mask, left: Self, right: Self) -> Self {
            unsafe {
                Self(
                    _mm256_blendv_epi8(right.0, left.0, mask.0),
                    _mm256_blendv_epi8(right.1, left.1, mask.1),
                )
            }
        }

        #[inline(always)]
        unsafe fn add_leaves(self, leaves: *const f32, sums: *mut f32) {
            unsafe {
                let eighths = [
                    _mm256_castsi256_si128(self.0),
                    _mm256_extracti128_si256::<1>(self.0),
                    _mm256_castsi256_si128(self.1),
                    _mm256_extracti128_si256::<1>(self.1),
                ];
                for (eighth, numbers) in eighths.into_iter().enumerate() {
                    let places = _mm256_cvtepi16_epi32(numbers);
                    let values = _mm256_i32gather_ps::<4>(leaves, places);
                    let sums = sums.add(8 * eighth);
                    _mm256_storeu_ps(sums, _mm256_add_ps(_mm256_loadu_ps(sums), values));
                }
            }
        }
    }

    /// All lanes in one register.
    #[derive(Clone, Copy)]
    struct Avx512(__m512i);

    impl Lanes for Avx512 {
        /// One bit for each row that goes left.
        type Mask = __mmask32;

        #[inline(always)]
        unsafe fn test(column: *const i16, rank: u32) -> Self::Mask {
            unsafe {
                let cut = _mm512_set1_epi32(rank.cast_signed());
                _mm512_cmpgt_epi16_mask(cut, _mm512_loadu_epi16(column))
            }
        }

        #[inline(always)]
        unsafe fn last(mask: Self::Mask, number: i16) -> Self {
            unsafe {
                let numbers = _mm512_set1_epi16(number);
                Self(_mm512_mask_sub_epi16(numbers, mask, numbers, _mm512_set1_epi16(1)))
            }
        }

        #[inline(always)]
        unsafe fn choose(mask: Self::Mask, left: Self, right: Self) -> Self {
            unsafe { Self(_mm512_mask_blend_epi16(mask, right.0, left.0)) }
        }

        #[inline(always)]
        unsafe fn add_leaves(self, leaves: *const f32, sums: *mut f32) {
            unsafe {
                let halves =
                    [_mm512_castsi512_si256(self.0), _mm512_extracti64x4_epi64::<1>(self.0)];
                for (half, numbers) in halves.into_iter().enumerate() {
                    let places = _mm512_cvtepi16_epi32(numbers);
                    let values = _mm512_i32gather_ps::<4>(places, leaves);
                    let sums = sums.add(BLOCK / 2 * half);
                    _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_loadu_ps(sums), values));
                }
            }
        }
    }
}
