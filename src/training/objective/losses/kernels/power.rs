//! Powers of positive numbers that the compiler can vectorise. Those of the standard library are scalar, and take most
//! of a loss's time.

/// The bits of √½ as a float: mantissas are between it and √2.
const ROOT_OF_HALF: u32 = 0x3f35_04f3;
/// Added to a number, rounds it to an integer in the low bits.
const ROUNDING: f32 = 12_582_912.0;
/// Coefficients 2/ln 2 · 1/(2k + 1) of the series of log₂ in (m − 1)/(m + 1).
const LOG2: [f32; 5] = [2.885_39, 0.961_796_7, 0.577_078_04, 0.412_198_6, 0.320_598_9];
/// Coefficients (ln 2)ᵏ / k! of the series of 2ˣ.
const EXP2: [f32; 8] = [
    1.0,
    std::f32::consts::LN_2,
    0.240_226_5,
    0.055_504_11,
    0.009_618_129,
    0.001_333_355_8,
    0.000_154_035_3,
    0.000_015_252_734,
];

/// Returns `base` to the power of `exponent`, for a normal positive `base` and an exponent between −1 and 1. The
/// relative error is 10⁻⁶, or 10⁻⁵ for results below 10⁻⁸ or above 10⁸. Infinity and NaN give the correct results.
#[inline(always)]
pub fn power(base: f32, exponent: f32) -> f32 {
    let bits = base.to_bits();
    let halvings = (bits.wrapping_sub(ROOT_OF_HALF) as i32) >> 23;
    let mantissa = f32::from_bits(bits.wrapping_sub((halvings << 23) as u32));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let log = s * (LOG2[0] + square * (LOG2[1] + square * (LOG2[2] + square * (LOG2[3] + square * LOG2[4]))));
    // The large integer part of the logarithm and the rest are multiplied separately, so neither loses digits.
    let of_halvings = exponent * halvings as f32;
    let shifted = (of_halvings + exponent * log) + ROUNDING;
    let whole = shifted - ROUNDING;
    let x = (of_halvings - whole) + exponent * log;
    let high = EXP2[4] + x * (EXP2[5] + x * (EXP2[6] + x * EXP2[7]));
    let series = EXP2[0] + x * (EXP2[1] + x * (EXP2[2] + x * (EXP2[3] + x * high)));
    let scale = f32::from_bits(shifted.to_bits().wrapping_sub(ROUNDING.to_bits()).wrapping_add(127) << 23);
    let beyond = if exponent > 0.0 { base } else { 1.0 / base };
    if base < f32::INFINITY { series * scale } else { beyond }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_standard_library_s(logarithm in -80.0_f32..88.0, exponent in -0.99_f32..0.99) {
            let base = logarithm.exp();
            let exact = f64::from(base).powf(f64::from(exponent));
            let error = (f64::from(power(base, exponent)) / exact - 1.0).abs();
            prop_assert!(error < if exact.log10().abs() < 8.0 { 1e-6 } else { 1e-5 }, "{error}");
        }
    }

    #[test]
    fn what_is_no_number_is_passed_on() {
        assert_eq!(power(f32::INFINITY, 0.4), f32::INFINITY);
        assert_eq!(power(f32::INFINITY, -0.7), 0.0);
        assert!(power(f32::NAN, 0.4).is_nan() && power(f32::NAN, -0.7).is_nan());
        assert_eq!([power(1.0, 0.4), power(1.0, -0.7)], [1.0; 2]);
    }
}
