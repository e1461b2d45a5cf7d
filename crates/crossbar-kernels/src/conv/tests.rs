//! Convolutions against the loops that define them.

use super::*;
use crate::nn::pool::{max_gradient, PoolAxis};
use crate::scratch::Workspace;
use crate::testing::{distance, normals};
use crate::variation::{varied_weight, Draw, Sigma, Variation, Weights};

fn axis(input: usize, kernel: usize, stride: usize, before: isize, after: isize, dilation: usize) -> Axis {
    Axis { input, kernel, stride, before, after, dilation }
}

fn square(batch: usize, channels: usize, outputs: usize, groups: usize, axis: Axis) -> Conv {
    Conv { batch, channels, outputs, groups, y: axis, x: axis }
}

fn cases() -> Vec<Conv> {
    let mut cases = vec![
        square(2, 1, 6, 1, axis(12, 5, 1, 2, 2, 1)),
        square(3, 6, 16, 1, axis(14, 5, 1, 0, 0, 1)),
        square(2, 3, 40, 1, axis(9, 3, 1, 1, 1, 1)),
        square(5, 40, 33, 1, axis(4, 3, 1, 1, 1, 1)),
        square(9, 32, 8, 1, axis(3, 3, 1, 1, 1, 1)),
        square(2, 3, 5, 1, axis(11, 3, 2, 1, 1, 1)),
        square(2, 4, 6, 1, axis(8, 2, 3, 0, 1, 1)),
        square(2, 4, 6, 2, axis(9, 3, 1, 2, 2, 2)),
        square(2, 4, 6, 2, axis(9, 3, 2, 2, 1, 2)),
        square(2, 5, 5, 5, axis(10, 3, 1, 1, 1, 1)),
        square(2, 5, 10, 5, axis(10, 3, 2, 1, 1, 1)),
        square(2, 7, 9, 1, axis(5, 1, 1, 0, 0, 1)),
        square(5, 48, 49, 1, axis(6, 3, 1, 1, 1, 1)),
        square(1, 300, 52, 1, axis(5, 3, 1, 0, 2, 1)),
        square(9, 52, 48, 1, axis(4, 3, 1, 1, 1, 1)),
        square(2, 300, 3, 1, axis(6, 1, 2, 0, 0, 1)),
        square(1, 2, 3, 1, axis(3, 3, 1, 4, 5, 1)),
        square(1, 1, 1, 1, axis(1, 1, 1, 0, 0, 1)),
        square(0, 2, 3, 1, axis(4, 3, 1, 1, 1, 1)),
        square(2, 2, 3, 1, axis(2, 3, 1, 0, 0, 1)),
    ];
    cases.push(Conv { x: axis(27, 3, 1, 2, 0, 1), ..square(3, 64, 56, 1, axis(13, 3, 1, -1, 1, 1)) });
    // Too large to interleave four: with one window, and with one for each phase of the gradient.
    cases.push(square(2, 17, 5, 1, axis(32, 3, 1, 1, 1, 1)));
    cases.push(Conv { x: axis(283, 3, 2, 1, 1, 1), ..square(3, 17, 17, 1, axis(13, 4, 2, 1, 2, 1)) });
    cases.extend(strided_cases());
    // Planes of 128 pixels and more, read in place by a weight gradient: rows that no panel divides, columns that none does, passes.
    cases.push(square(2, 24, 35, 1, axis(13, 1, 1, 0, 0, 1)));
    cases.push(square(3, 20, 68, 2, axis(34, 2, 2, 0, 0, 1)));
    cases.push(square(1, 7, 33, 1, axis(47, 1, 1, 0, 0, 1)));
    cases.push(square(2, 12, 33, 1, axis(55, 3, 2, 1, 1, 1)));
    cases.push(square(2, 30, 33, 1, axis(25, 3, 2, 1, 1, 1)));
    // One channel: odd sizes, one row of outputs, a single output in the last patch.
    cases.push(square(5, 1, 7, 1, axis(11, 3, 1, 1, 1, 1)));
    cases.push(square(1, 1, 3, 1, axis(9, 5, 1, 0, 0, 1)));
    cases.push(Conv { y: axis(5, 5, 1, 0, 0, 1), ..square(4, 1, 9, 1, axis(13, 5, 1, 0, 0, 1)) });
    for batch in 1..10 {
        cases.push(square(batch, 3, 4, 1, axis(9, 3, 2, 1, 1, 1)));
    }
    // Depthwise: rows of four outputs, rows that no vector divides, several lots of channels, no padding, crops.
    for (input, kernel, stride, pad) in
        [(4, 3, 1, 1), (7, 3, 1, 1), (30, 3, 2, 1), (14, 5, 1, 2), (15, 5, 2, 2), (8, 3, 1, 0)]
    {
        cases.push(square(2, 19, 19, 19, axis(input, kernel, stride, pad, pad, 1)));
    }
    cases.push(square(1, 3, 3, 3, axis(9, 3, 1, -1, -2, 1)));
    cases.push(Conv { y: axis(3, 2, 1, 0, 0, 1), ..square(3, 6, 6, 6, axis(40, 7, 3, 3, 2, 2)) });
    cases.push(Conv {
        y: axis(7, 3, 2, 1, 0, 1),
        x: axis(13, 5, 1, 0, 3, 2),
        ..square(2, 3, 4, 1, axis(1, 1, 1, 0, 0, 1))
    });
    cases
}

/// Odd sizes, dilation, strides larger than the kernel, crops, one image in each group, whole and broken quadruples.
fn strided_cases() -> Vec<Conv> {
    let mut cases = vec![];
    for (stride, batch) in [(2, 1), (2, 4), (2, 9), (3, 5), (3, 8)] {
        cases.push(square(batch, 3, 5, 1, axis(13, 3, stride, 1, 1, 1)));
        cases.push(square(batch, 3, 34, 1, axis(11, 4, stride, 2, 0, 1)));
        cases.push(square(batch, 2, 3, 1, axis(17, 3, stride, 2, 3, 2)));
        cases.push(square(batch, 2, 3, 1, axis(17, 2, stride, 1, 0, 4)));
        cases.push(square(batch, 4, 4, 4, axis(12, 3, stride, 1, 1, 1)));
        cases.push(square(batch, 2, 3, 1, axis(16, 3, stride, -2, -3, 1)));
        cases.push(square(batch, 3, 5, 1, axis(11, 1, stride, 0, 0, 1)));
        cases.push(square(batch, 2, 3, 1, axis(2, 2, stride, 3, 4, 3)));
        let narrow = axis(5, 2, 3, -1, 2, 1);
        cases.push(Conv { y: narrow, ..square(batch, 2, 40, 1, axis(150, 7, stride, 3, 2, 1)) });
        cases.push(Conv { x: narrow, ..square(batch, 40, 2, 2, axis(23, 7, stride, 3, 2, 1)) });
        cases.push(square(batch, 2, 3, 1, axis(9, 2, 5, 0, 1, 1)));
        cases.push(square(batch, 1, 1, 1, axis(1, 2, 3, 3, 0, 1)));
    }
    cases
}

/// Calls f(n, output, output pixel, channel, input pixel, weight index) for every product of the convolution.
fn walk(conv: &Conv, mut f: impl FnMut(usize, usize, usize, usize, usize, usize)) {
    let (cg, og) = (conv.group_channels(), conv.group_outputs());
    for n in 0..conv.batch {
        for o in 0..conv.outputs {
            for (oy, ox) in (0..conv.y.output()).flat_map(|y| (0..conv.x.output()).map(move |x| (y, x))) {
                for c in 0..cg {
                    for (ky, kx) in (0..conv.y.kernel).flat_map(|y| (0..conv.x.kernel).map(move |x| (y, x))) {
                        let y = (oy * conv.y.stride + ky * conv.y.dilation) as isize - conv.y.before;
                        let x = (ox * conv.x.stride + kx * conv.x.dilation) as isize - conv.x.before;
                        if y >= 0 && x >= 0 && (y as usize) < conv.y.input && (x as usize) < conv.x.input {
                            let weight = ((o * cg + c) * conv.y.kernel + ky) * conv.x.kernel + kx;
                            let pixel = y as usize * conv.x.input + x as usize;
                            f(n, o, oy * conv.x.output() + ox, o / og * cg + c, pixel, weight);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn agree_with_the_loops() {
    let mut work = Workspace::default();
    for conv in cases() {
        let (pi, po) = (conv.input_pixels(), conv.output_pixels());
        let x = normals(1, conv.batch * conv.channels * pi);
        let w = normals(2, conv.outputs * conv.terms());
        let bias = normals(3, conv.outputs);
        let dy = normals(4, conv.batch * conv.outputs * po);
        for draw in [Draw::None, Draw::Batch, Draw::Sample] {
            let variation = Variation { draw, s_max: 3.0, sigma: Sigma::levels(0.1, 0.3), key: 5, first_sample: 0 };
            let varied: Vec<Vec<f32>> = (0..conv.batch)
                .map(|n| {
                    let sample = if draw == Draw::Sample { n as u32 } else { 0 };
                    let mut out = w.clone();
                    varied_weight(&Weights { values: &w, cols: conv.terms(), variation, sample }, &mut out);
                    out
                })
                .collect();
            let mut want_y: Vec<f64> = (0..dy.len()).map(|i| f64::from(bias[i / po % conv.outputs])).collect();
            let mut want_dx = vec![0.0; x.len()];
            walk(&conv, |n, o, p, c, q, weight| {
                let (w, to, from) =
                    (f64::from(varied[n][weight]), (n * conv.outputs + o) * po + p, (n * conv.channels + c) * pi + q);
                want_y[to] += w * f64::from(x[from]);
                want_dx[from] += w * f64::from(dy[to]);
            });
            let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
            forward(&mut work, &conv, Inputs { x: &x, bias: &bias }, &w, variation, Output::plain(&mut y));
            assert!(distance(&y, &want_y) < 3e-6, "forward {draw:?} {conv:?}");
            let mut rectified = vec![f32::NAN; dy.len()];
            forward(
                &mut work,
                &conv,
                Inputs { x: &x, bias: &bias },
                &w,
                variation,
                Output { is_rectified: true, ..Output::plain(&mut rectified) },
            );
            assert!(rectified.iter().zip(&y).all(|(r, y)| *r == y.max(0.0)), "rectified {draw:?} {conv:?}");
            backward_input(&mut work, &conv, &dy, &w, variation, &mut dx);
            assert!(distance(&dx, &want_dx) < 3e-6, "input {draw:?} {conv:?}");
        }
        let mut want_dw = vec![0.0; w.len()];
        walk(&conv, |n, o, p, c, q, weight| {
            want_dw[weight] +=
                f64::from(dy[(n * conv.outputs + o) * po + p]) * f64::from(x[(n * conv.channels + c) * pi + q]);
        });
        let mut dw = vec![f32::NAN; w.len()];
        backward_weight(&mut work, &conv, &x, &[OutputGradient { dy: &dy, positions: &[] }], &mut dw);
        assert!(distance(&dw, &want_dw) < 3e-6, "weight {conv:?}");
    }
}

#[test]
fn gradients_by_pools_are_those_by_their_outputs() {
    let mut work = Workspace::default();
    for conv in cases().into_iter().filter(|conv| conv.pools(Draw::None)) {
        let pooled = conv.batch * conv.outputs * (conv.y.output() / 2) * (conv.x.output() / 2);
        let x = normals(1, conv.batch * conv.channels * conv.input_pixels());
        let halving = |axis: Axis| PoolAxis {
            size: axis.output(),
            out: axis.output() / 2,
            kernel: 2,
            stride: 2,
            before: 0,
            after: 0,
            dilation: 1,
        };
        let mut sum = vec![0.0; conv.batch * conv.outputs * conv.output_pixels()];
        let given: Vec<(Vec<f32>, Vec<f32>)> = (0..3)
            .map(|term| {
                (normals(2 + term, pooled), (0..pooled).map(|i| ((i + term as usize) * 7 % 5 % 4) as f32).collect())
            })
            .collect();
        for (dy, positions) in &given {
            let mut outputs = vec![f32::NAN; sum.len()];
            max_gradient(dy, positions, &mut outputs, [conv.y, conv.x].map(halving));
            sum.iter_mut().zip(outputs).for_each(|(sum, each)| *sum += each);
        }
        let gradients: Vec<_> = given.iter().map(|(dy, positions)| OutputGradient { dy, positions }).collect();
        let mut dw = [(); 2].map(|()| vec![f32::NAN; conv.outputs * conv.terms()]);
        backward_weight(&mut work, &conv, &x, &[OutputGradient { dy: &sum, positions: &[] }], &mut dw[0]);
        backward_weight(&mut work, &conv, &x, &gradients, &mut dw[1]);
        assert_eq!(dw[0], dw[1], "{conv:?}");
    }
}

#[test]
fn depthwise_planes_have_the_bits_of_images_in_place() {
    let mut work = Workspace::default();
    let is_depthwise = |conv: &Conv| conv.groups > 1 && conv.groups == conv.channels && conv.groups == conv.outputs;
    for conv in cases().into_iter().filter(is_depthwise) {
        let alone = Conv { batch: 1, channels: 1, outputs: 1, groups: 1, ..conv };
        let (input, output) = (conv.input_pixels(), conv.output_pixels());
        let (x, w) = (normals(1, conv.x_size()), normals(2, conv.w_size()));
        let bias = normals(3, conv.outputs);
        let (mut y, mut dx) = (vec![f32::NAN; conv.y_size()], vec![f32::NAN; conv.x_size()]);
        forward(&mut work, &conv, Inputs { x: &x, bias: &bias }, &w, Variation::NONE, Output::plain(&mut y));
        backward_input(&mut work, &conv, &y, &w, Variation::NONE, &mut dx);
        for plane in 0..conv.batch * conv.groups {
            let group = plane % conv.groups;
            let (x, w) = (&x[plane * input..][..input], &w[group * conv.terms()..][..conv.terms()]);
            let (mut one, mut gradient) = (vec![f32::NAN; output], vec![f32::NAN; input]);
            let inputs = Inputs { x, bias: &bias[group..][..1] };
            forward(&mut work, &alone, inputs, w, Variation::NONE, Output::plain(&mut one));
            backward_input(&mut work, &alone, &one, w, Variation::NONE, &mut gradient);
            assert_eq!(y[plane * output..][..output], one, "{conv:?}");
            assert_eq!(dx[plane * input..][..input], gradient, "{conv:?}");
        }
    }
}

#[test]
fn images_alone_have_the_same_bits() {
    let mut work = Workspace::default();
    for conv in cases() {
        let (pi, po) = (conv.input_pixels() * conv.channels, conv.output_pixels() * conv.outputs);
        let x = normals(1, conv.batch * pi);
        let w = normals(2, conv.outputs * conv.terms());
        let mut y = vec![0.0; conv.batch * po];
        forward(&mut work, &conv, Inputs { x: &x, bias: &[] }, &w, Variation::NONE, Output::plain(&mut y));
        let mut dx = vec![0.0; conv.batch * pi];
        backward_input(&mut work, &conv, &y, &w, Variation::NONE, &mut dx);
        for n in 0..conv.batch {
            let mut one = vec![0.0; po];
            forward(
                &mut work,
                &Conv { batch: 1, ..conv },
                Inputs { x: &x[n * pi..][..pi], bias: &[] },
                &w,
                Variation::NONE,
                Output::plain(&mut one),
            );
            assert_eq!(one, y[n * po..][..po], "{conv:?}");
            let mut one = vec![0.0; pi];
            backward_input(&mut work, &Conv { batch: 1, ..conv }, &y[n * po..][..po], &w, Variation::NONE, &mut one);
            assert_eq!(one, dx[n * pi..][..pi], "{conv:?}");
        }
    }
}

fn rectified(y: &mut [f32], pools: bool) -> Output<'_> {
    Output { y, is_rectified: true, pooled: pools.then_some(&mut [][..]) }
}

#[test]
fn several_weights_give_the_bits_of_each() {
    let mut work = Workspace::default();
    for conv in cases() {
        let x = normals(1, conv.batch * conv.channels * conv.input_pixels());
        let weights: Vec<_> = (0..3).map(|i| normals(2 + i, conv.outputs * conv.terms())).collect();
        let ws: Vec<_> = weights.iter().map(|w| &w[..]).collect();
        let bias = normals(5, conv.outputs);
        for pools in [false, true].into_iter().filter(|&pools| !pools || conv.pools(Draw::None)) {
            let pixels = if pools { (conv.y.output() / 2) * (conv.x.output() / 2) } else { conv.output_pixels() };
            let mut ys = vec![vec![f32::NAN; conv.batch * conv.outputs * pixels]; ws.len()];
            forward_each(
                &mut work,
                &conv,
                Inputs { x: &x, bias: &bias },
                &ws,
                ys.iter_mut().map(|y| rectified(y, pools)).collect(),
            );
            for (w, y) in ws.iter().zip(&ys) {
                let mut alone = vec![f32::NAN; y.len()];
                forward(
                    &mut work,
                    &conv,
                    Inputs { x: &x, bias: &bias },
                    w,
                    Variation::NONE,
                    rectified(&mut alone, pools),
                );
                assert_eq!(*y, alone, "{conv:?}");
            }
        }
    }
}

#[test]
fn sums_of_channels() {
    let x = normals(1, 2 * 3 * 7);
    let mut out = [f32::NAN; 3];
    channel_sum(&x, 3, 7, &mut out);
    let want: Vec<f64> = (0..3)
        .map(|c| (0..2).flat_map(|n| (0..7).map(move |p| (n, p))).map(|(n, p)| f64::from(x[(n * 3 + c) * 7 + p])).sum())
        .collect();
    assert!(distance(&out, &want) < 1e-6);
}
