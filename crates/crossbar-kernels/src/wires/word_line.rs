//! A single word line between its driver and the bit lines.

/// A word line whose nodes are eliminated. Its nodes' equations are T·u = e₀·v + g∘d, with T tridiagonal, u the line's voltages, v the
/// driver's and d the bit lines'.
pub struct WordLine<'a> {
    g: &'a [f64],
    /// Attenuation u_j/u_{j−1} of a line driven from the left, with the bit lines at 0.
    attenuation: Vec<f64>,
}

impl<'a> WordLine<'a> {
    pub fn new(g: &'a [f64]) -> Self {
        let mut attenuation = vec![0.0; g.len()];
        // The last node has no wire on its right.
        let (mut wires, mut right) = (1.0, 0.0);
        for (attenuation, g) in attenuation.iter_mut().zip(g).rev() {
            right = 1.0 / (wires + g - right);
            *attenuation = right;
            wires = 2.0;
        }
        Self { g, attenuation }
    }

    /// g∘T⁻¹e₀: the current into each bit line, for bit lines at 0 and a driver at 1. By Kirchhoff's law it is also the current that each
    /// bit line loses to the driver when all bit lines are at 1 and the driver is at 0.
    pub fn feed(&self) -> impl Iterator<Item = f64> + '_ {
        let voltages = self.attenuation.iter().scan(1.0, |voltage, attenuation| {
            *voltage *= attenuation;
            Some(*voltage)
        });
        voltages.zip(self.g).map(|(voltage, g)| voltage * g)
    }

    /// Calls `entry(j, k, value)` for the entries of G − G·T⁻¹·G on and above the diagonal, by rows: the conductances between bit lines
    /// that the line makes.
    pub fn between_bit_lines(&self, mut entry: impl FnMut(usize, usize, f64)) {
        let n = self.g.len();
        let mut left = 0.0;
        for j in 0..n {
            let wires = if j + 1 < n { 2.0 } else { 1.0 } + self.g[j] - left;
            left = 1.0 / wires;
            // Row j of T⁻¹: the voltages for a unit current into node j.
            let mut voltage = 1.0 / (wires - self.attenuation.get(j + 1).unwrap_or(&0.0));
            entry(j, j, self.g[j] - self.g[j] * voltage * self.g[j]);
            for k in j + 1..n {
                voltage *= self.attenuation[k];
                entry(j, k, -self.g[j] * voltage * self.g[k]);
            }
        }
    }
}
