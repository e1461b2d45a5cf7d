//! The descriptors: fields of every call that has many, in the order in which they are read. Addresses are byte offsets into the linear
//! memory, 0 for an array that isn't given.

use crate::descriptor::descriptor;

descriptor! {
    /// Variation of a product's weights.
    Variation {
        /// 0 none, 1 one draw for the call, 2 a draw for every sample.
        kind: u32,
        /// max |w| of the tensor.
        s_max: f32,
        /// Standard deviations by level, equal ones for all weights; unused with a table.
        sigma_outer: f32,
        sigma_mid: f32,
        /// Standard deviations at equal distances of |w|/s_max from 0 to 1, two or more; none where it is null.
        table: u32,
        table_size: usize,
        /// Key of the stream.
        key: u64,
        /// Index of the call's first sample in the whole batch, for a draw for every sample.
        first_sample: u32,
    }
}

descriptor! {
    /// C [m, n] = op(A)·op(B), or C + that.
    Gemm {
        a: u32,
        b: u32,
        c: u32,
        m: usize,
        n: usize,
        k: usize,
        /// A is stored [k, m].
        trans_a: bool,
        /// B is stored [n, k].
        trans_b: bool,
        accumulate: bool,
    }
}

descriptor! {
    /// Sizes of a fully connected layer.
    LinearShape {
        batch: usize,
        rows_per_sample: usize,
        inputs: usize,
        outputs: usize,
        /// W is stored [inputs, outputs] instead of [outputs, inputs].
        inputs_first: bool,
    }
}

descriptor! {
    /// y = x·(W + ΔW)ᵀ + b, or max(that, 0).
    LinearForward {
        x: u32,
        w: u32,
        bias: u32,
        y: u32,
        /// Written in the cheap form of a draw for every sample.
        ratio: u32,
        rectified: bool,
        shape: LinearShape,
        variation: Variation,
    }
}

descriptor! {
    /// dx = dy·(W + ΔW).
    LinearBackwardInput {
        dy: u32,
        w: u32,
        dx: u32,
        /// Read in the cheap form, as is `ratio`.
        x: u32,
        ratio: u32,
        shape: LinearShape,
        variation: Variation,
    }
}

descriptor! {
    /// Geometry of a convolution.
    ConvShape {
        batch: usize,
        channels: usize,
        height: usize,
        width: usize,
        outputs: usize,
        kernel_height: usize,
        kernel_width: usize,
        stride_y: usize,
        stride_x: usize,
        top: isize,
        left: isize,
        bottom: isize,
        right: isize,
        dilation_y: usize,
        dilation_x: usize,
        groups: usize,
    }
}

descriptor! {
    /// y = (W + ΔW)∗x + b; of that the largest of each 2×2 if pooled; of that max(that, 0) if rectified.
    ConvForward {
        x: u32,
        w: u32,
        bias: u32,
        y: u32,
        /// Receives the positions of the maxima.
        positions: u32,
        rectified: bool,
        pooled: bool,
        shape: ConvShape,
        variation: Variation,
    }
}

descriptor! {
    /// The same for several weights without variation, each with its y.
    ConvForwardEach {
        x: u32,
        bias: u32,
        rectified: bool,
        pooled: bool,
        shape: ConvShape,
    }
}

descriptor! {
    /// dx, with the forward's draw.
    ConvBackwardInput {
        dy: u32,
        w: u32,
        dx: u32,
        shape: ConvShape,
        variation: Variation,
    }
}

descriptor! {
    /// dW for the sum of several gradients.
    ConvBackwardWeight {
        x: u32,
        dw: u32,
        shape: ConvShape,
    }
}

descriptor! {
    /// Size of a normalised array.
    NormShape {
        n: usize,
        c: usize,
        spatial: usize,
    }
}

descriptor! {
    /// Batch normalisation with given statistics.
    BatchNorm {
        x: u32,
        gamma: u32,
        beta: u32,
        mean: u32,
        variance: u32,
        y: u32,
        epsilon: f32,
        shape: NormShape,
    }
}

descriptor! {
    /// Gradients of batch normalisation.
    BatchNormGradient {
        x: u32,
        dy: u32,
        gamma: u32,
        mean: u32,
        variance: u32,
        dx: u32,
        dgamma: u32,
        dbeta: u32,
        epsilon: f32,
        /// The statistics were given.
        frozen: bool,
        shape: NormShape,
    }
}

descriptor! {
    /// One step of Adam; bias1 = 1 − beta1ᵗ, bias2 = 1 − beta2ᵗ.
    AdamStep {
        w: u32,
        g: u32,
        m: u32,
        v: u32,
        n: usize,
        rate: f64,
        beta1: f64,
        beta2: f64,
        epsilon: f64,
        bias1: f64,
        bias2: f64,
        weight_decay: f64,
    }
}

descriptor! {
    /// W + ΔW written out; W [rows, cols] as stored.
    VariedWeight {
        w: u32,
        out: u32,
        rows: usize,
        cols: usize,
        variation: Variation,
    }
}

descriptor! {
    /// Two strided views: sizes in elements of what may be touched, offsets in elements.
    Movement {
        from: u32,
        from_size: usize,
        from_offset: usize,
        to: u32,
        to_size: usize,
        to_offset: usize,
    }
}

descriptor! {
    /// y = scale·step·code of x, or y + that; x and y [.., columns, inner] of n values. Returns how many values clip.
    Convert {
        x: u32,
        y: u32,
        n: usize,
        columns: usize,
        inner: usize,
        bits: u32,
        /// Codes of both signs.
        signed: bool,
        /// Ends of the ranges, [columns].
        range: u32,
        /// [columns]
        scale: u32,
        accumulate: bool,
    }
}

descriptor! {
    /// y = scale·digit of x's code: `width` bits of its magnitude from bit `shift` on, with its sign.
    Digits {
        x: u32,
        y: u32,
        n: usize,
        columns: usize,
        inner: usize,
        bits: u32,
        signed: bool,
        range: u32,
        scale: u32,
        shift: u32,
        width: u32,
    }
}

descriptor! {
    /// values = max(least, target + σ(judged)·z), and how far from its target each cell is found.
    WriteCells {
        target: u32,
        judged: u32,
        values: u32,
        n: usize,
        /// Doubles, or null.
        errors: u32,
        /// Doubles, as `Sigma::of` reads them; `verified` is the σ of the errors.
        sigma: u32,
        sigma_size: usize,
        verified: u32,
        verified_size: usize,
        uniform: bool,
        least: f64,
        /// Key of the stream, and the noise block that the cells begin at.
        key: u64,
        first: u32,
    }
}

descriptor! {
    /// Values decay by a power of time.
    DriftCells {
        target: u32,
        values: u32,
        n: usize,
        /// Doubles: constant, slope, least and most of the exponent's mean, then of its standard deviation.
        lines: u32,
        factor: f64,
        scale: f64,
        log_time: f64,
        key: u64,
        first: u32,
    }
}

descriptor! {
    /// Standard deviations of 1/f noise.
    FlickerCells {
        programmed: u32,
        values: u32,
        sigma: u32,
        n: usize,
        factor: f64,
        exponent: f64,
        growth: f64,
        most: f64,
        share: f64,
        least: f64,
    }
}

descriptor! {
    /// Codes, conductances of their digits, and the weights that they stand for.
    MapCodes {
        weights: u32,
        n: usize,
        /// Doubles.
        scales: u32,
        scales_size: usize,
        /// Words [n], or null.
        parts: u32,
        /// Doubles: slope, shift and gain of each.
        arms: u32,
        arms_size: usize,
        bias: f64,
        most: f64,
        digit_bits: u32,
        /// Of each digit.
        conductances: u32,
        digits: usize,
        slices: usize,
        /// Words [arm][n].
        codes: u32,
        /// [arm][slice][n].
        target: u32,
        /// [n]
        held: u32,
    }
}

descriptor! {
    /// Conductances [arm][n] of the fractions that arms hold.
    MapFractions {
        weights: u32,
        n: usize,
        scales: u32,
        scales_size: usize,
        parts: u32,
        arms: u32,
        arms_size: usize,
        off: f64,
        target: u32,
    }
}

descriptor! {
    /// Weights with what the deviations of their cells, [cell][n], add to them.
    Recombine {
        weights: u32,
        n: usize,
        scales: u32,
        scales_size: usize,
        parts: u32,
        /// Doubles [cell].
        factors: u32,
        cells: usize,
        conductances: u32,
        target: u32,
        combined: u32,
    }
}
