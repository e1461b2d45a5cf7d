//! Walks over the index tuples of several strided views at once.

/// Merges axes that lie evenly in every view, so that loops are long; `None` when there is nothing to do.
///
/// The result has at least one axis. `dims` and each row of `strides` have one entry an axis, outermost first.
pub(crate) fn merge<const V: usize>(dims: &[i32], strides: [&[i32]; V]) -> Option<(Vec<usize>, Vec<[isize; V]>)> {
    assert!(strides.iter().all(|s| s.len() == dims.len()));
    if dims.iter().any(|&d| d <= 0) {
        return None;
    }
    let (mut out_dims, mut out_strides) = (Vec::<usize>::new(), Vec::<[isize; V]>::new());
    for (axis, &dim) in dims.iter().enumerate() {
        if dim == 1 {
            continue;
        }
        let (dim, step) = (dim as usize, strides.map(|s| s[axis] as isize));
        if let (Some(last_dim), Some(last)) = (out_dims.last_mut(), out_strides.last_mut()) {
            if (0..V).all(|v| last[v] == step[v] * dim as isize) {
                *last_dim *= dim;
                *last = step;
                continue;
            }
        }
        out_dims.push(dim);
        out_strides.push(step);
    }
    if out_dims.is_empty() {
        out_dims.push(1);
        out_strides.push([0; V]);
    }
    Some((out_dims, out_strides))
}

/// Calls `f` with every view's offset, over all index tuples of `dims` in row-major order.
#[inline(always)]
pub(crate) fn walk<const V: usize>(dims: &[usize], strides: &[[isize; V]], mut f: impl FnMut([isize; V])) {
    let mut index = vec![0usize; dims.len()];
    let mut offset = [0isize; V];
    loop {
        f(offset);
        let mut axis = dims.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            for v in 0..V {
                offset[v] += strides[axis][v];
            }
            if index[axis] < dims[axis] {
                break;
            }
            for v in 0..V {
                offset[v] -= strides[axis][v] * dims[axis] as isize;
            }
            index[axis] = 0;
        }
    }
}
