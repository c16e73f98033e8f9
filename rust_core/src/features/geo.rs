use crate::error::{Error, Result};

const EARTH_RADIUS_KM: f64 = 6_371.008_8;
const HOUR_MS: f64 = 3_600_000.0;
/// A speed over less than this time would be noise.
const ELAPSED_MS_MIN: f64 = 1_000.0;
const CELLS_PER_DEGREE: f64 = 10.0;
const CELLS_AROUND: u32 = 3_601;

/// A place on the globe, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

impl Place {
    /// A place, if both numbers are degrees.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(Error::malformed("latitude must be within -90..90 degrees"));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(Error::malformed("longitude must be within -180..180 degrees"));
        }
        Ok(Self { latitude, longitude })
    }

    /// The great-circle distance in kilometres, by the haversine formula on a globe of the mean
    /// radius: within 0.6 % of the distance on the ellipsoid.
    pub(super) fn distance_km(self, other: Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = ((to - from) / 2.0).sin();
        let east = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let chord = north * north + from.cos() * to.cos() * east * east;
        2.0 * EARTH_RADIUS_KM * chord.sqrt().min(1.0).asin()
    }

    /// The cell of a tenth of a degree (some eleven kilometres) by which places are compared, as a
    /// tag that is never 0.
    pub(super) fn cell(self) -> u32 {
        let row = (self.latitude + 90.0) * CELLS_PER_DEGREE;
        let column = (self.longitude + 180.0) * CELLS_PER_DEGREE;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 3,600")]
        let (row, column) = (row as u32, column as u32);
        row * CELLS_AROUND + column + 1
    }
}

/// How fast one has to be; less than a second counts as one.
pub(super) fn speed_km_h(distance_km: f64, elapsed_ms: f64) -> f64 {
    distance_km / (elapsed_ms.max(ELAPSED_MS_MIN) / HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MUMBAI: Place = Place { latitude: 19.0760, longitude: 72.8777 };
    const DELHI: Place = Place { latitude: 28.7041, longitude: 77.1025 };

    fn any_place() -> impl Strategy<Value = Place> {
        (-90.0..=90.0, -180.0..=180.0)
            .prop_map(|(latitude, longitude)| Place { latitude, longitude })
    }

    proptest! {
        #![proptest_config(crate::property::config())]

        #[test]
        fn a_distance_is_a_metric(a in any_place(), b in any_place(), c in any_place()) {
            prop_assert!(a.distance_km(a) < 1e-6);
            prop_assert!((a.distance_km(b) - b.distance_km(a)).abs() < 1e-6);
            prop_assert!(a.distance_km(c) <= a.distance_km(b) + b.distance_km(c) + 1e-3);
            prop_assert!(a.distance_km(b) <= 20_016.0);
        }

        #[test]
        fn places_of_one_cell_are_near(a in any_place(), b in any_place()) {
            prop_assert!(a.cell() != 0);
            if a.cell() == b.cell() {
                prop_assert!(a.distance_km(b) < 16.0);
            }
        }
    }

    #[test]
    fn distances_are_those_of_the_atlas() {
        assert!((MUMBAI.distance_km(DELHI) - 1_153.0).abs() < 2.0);
        let pole = Place::new(90.0, 0.0).unwrap();
        let equator = Place::new(0.0, 180.0).unwrap();
        assert!((pole.distance_km(equator) - 10_007.557).abs() < 0.01);
    }

    #[test]
    fn what_is_not_on_the_globe_is_refused() {
        for (latitude, longitude) in [
            (90.1, 0.0),
            (-90.1, 0.0),
            (0.0, 180.1),
            (0.0, -180.1),
            (f64::NAN, 0.0),
            (0.0, f64::NAN),
        ] {
            assert!(Place::new(latitude, longitude).is_err());
        }
        assert!(Place::new(0.0, f64::INFINITY).is_err());
    }

    #[test]
    fn a_speed_has_no_division_by_nothing() {
        assert_eq!(speed_km_h(1.0, 0.0), 3_600.0);
        assert_eq!(speed_km_h(100.0, 3_600_000.0), 100.0);
    }
}
