//! Which algorithm a geometry takes.

use super::geometry::{Axis, Conv};
use super::phases::InputGradient;
use super::plan::*;
use crate::tuning::FUSED;
use crate::variation::Draw;

/// A square convolution with equal padding on all sides.
fn conv(channels: usize, outputs: usize, input: usize, kernel: usize, stride: usize, padding: isize) -> Conv {
    let axis = Axis { input, kernel, stride, before: padding, after: padding, dilation: 1 };
    Conv { batch: 8, channels, outputs, y: axis, x: axis, groups: 1 }
}

fn input_gradient(conv: &Conv, draw: Draw) -> Sliding {
    InputGradient::new(conv).map_or(Sliding::Empty, |gradient| plan_backward_input(conv, &gradient, draw))
}

struct Case {
    conv: Conv,
    forward: Sliding,
    backward_input: Sliding,
    backward_weight: WeightGradient,
}

fn cases() -> Vec<Case> {
    use Sliding::{InPlace, WinogradRows};
    use WeightGradient as Dw;
    let case = |conv, forward, backward_input, backward_weight| Case { conv, forward, backward_input, backward_weight };
    let by_rows = |filter| (WinogradRows(filter), Dw::WinogradRows(filter));
    let ten_wide = WinogradRows(if FUSED { RowFilter::F45 } else { RowFilter::F55 });
    let (f45, f43) = (by_rows(RowFilter::F45), by_rows(RowFilter::F43));
    let (four, one) = (InPlace { lanes: 4 }, InPlace { lanes: 1 });
    vec![
        // LeNet-5
        case(conv(1, 6, 28, 5, 1, 2), f45.0, four, f45.1),
        case(conv(6, 16, 14, 5, 1, 0), ten_wide, four, f45.1),
        // VGG-8
        case(conv(3, 64, 32, 3, 1, 1), Sliding::Packed, one, Dw::PlanesInPlace),
        case(conv(64, 128, 32, 3, 1, 1), Sliding::Winograd, Sliding::Winograd, Dw::Winograd),
        case(conv(256, 256, 8, 3, 1, 1), Sliding::Winograd, Sliding::Winograd, Dw::Winograd),
        // ResNet-18
        case(conv(3, 64, 32, 7, 2, 3), Sliding::Packed, one, Dw::PlanesInPlace),
        case(
            conv(64, 128, 32, 3, 2, 1),
            Sliding::Packed,
            Sliding::Packed,
            if FUSED { Dw::Packed } else { Dw::PlanesInPlace },
        ),
        case(conv(64, 128, 32, 1, 2, 0), Sliding::Packed, Sliding::Packed, Dw::PlanesInPlace),
        // Narrow layers
        case(conv(8, 16, 12, 3, 1, 1), f43.0, four, f43.1),
        case(conv(8, 16, 12, 3, 2, 1), four, four, Dw::Dots),
        case(conv(8, 2, 12, 3, 1, 1), four, four, Dw::Dots),
        case(conv(48, 48, 4, 3, 1, 1), Sliding::Winograd, Sliding::Winograd, Dw::Winograd),
        case(conv(47, 48, 4, 3, 1, 1), Sliding::Packed, Sliding::Packed, Dw::Packed),
        case(conv(2, 3, 2, 3, 1, 0), Sliding::Empty, Sliding::Empty, Dw::Empty),
    ]
}

#[test]
fn algorithms_follow_the_geometry() {
    for Case { conv, forward, backward_input, backward_weight } in cases() {
        for draw in [Draw::None, Draw::Batch] {
            assert_eq!(plan_forward(&conv, draw), forward, "forward {conv:?}");
            assert_eq!(input_gradient(&conv, draw), backward_input, "input {conv:?}");
        }
        assert_eq!(plan_backward_weight(&conv), backward_weight, "weight {conv:?}");
    }
}

#[test]
fn a_draw_for_every_sample_is_summed_directly() {
    for Case { conv, .. } in cases() {
        for algorithm in [plan_forward(&conv, Draw::Sample), input_gradient(&conv, Draw::Sample)] {
            assert!(!matches!(algorithm, Sliding::Winograd | Sliding::WinogradRows(_)), "{conv:?}");
        }
    }
}

#[test]
fn large_images_go_one_by_one() {
    let wide = conv(17, 5, 40, 3, 1, 1);
    assert_eq!(plan_forward(&wide, Draw::None), Sliding::InPlace { lanes: 1 });
    assert_eq!(plan_backward_weight(&wide), WeightGradient::Dots);
}

#[test]
fn groups_have_neither_filters_nor_pools() {
    let depthwise = Conv { groups: 16, ..conv(16, 16, 12, 3, 1, 1) };
    assert_eq!(plan_forward(&depthwise, Draw::None), Sliding::Depthwise);
    assert_eq!(input_gradient(&depthwise, Draw::Sample), Sliding::Depthwise);
    let strided = Conv { groups: 16, ..conv(16, 16, 12, 3, 2, 1) };
    assert_eq!(plan_forward(&strided, Draw::None), Sliding::Depthwise);
    assert_eq!(input_gradient(&strided, Draw::None), Sliding::InPlace { lanes: 4 });
    let two_each = Conv { groups: 8, ..conv(8, 16, 12, 3, 1, 1) };
    assert_eq!(plan_forward(&two_each, Draw::None), Sliding::InPlace { lanes: 4 });
    assert!(!depthwise.pools(Draw::None));
    assert!(conv(8, 16, 12, 3, 1, 1).pools(Draw::Batch));
    assert!(!conv(8, 16, 12, 3, 1, 1).pools(Draw::Sample));
}
