//! Least squares for `constant + a · tables + b · partitions`.

/// One measurement: tables, partitions, and what was counted.
pub type Point = (f64, f64, f64);

/// `None` when the points do not tell the three apart.
pub fn plane(points: &[Point]) -> Option<[f64; 3]> {
    let mut matrix = [[0.0; 4]; 3];
    for &(tables, partitions, counted) in points {
        let row = [1.0, tables, partitions];
        for (line, left) in matrix.iter_mut().zip(row) {
            for (cell, right) in line.iter_mut().zip(row) {
                *cell += left * right;
            }
            line[3] += left * counted;
        }
    }
    solve(matrix)
}

/// Gauss and Jordan, with the largest pivot.
fn solve(mut matrix: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    for column in 0..3 {
        let pivot = (column..3).max_by(|a, b| {
            matrix[*a][column]
                .abs()
                .total_cmp(&matrix[*b][column].abs())
        })?;
        matrix.swap(column, pivot);
        let head = matrix[column];
        if head[column].abs() < 1e-9 {
            return None;
        }
        for (index, line) in matrix.iter_mut().enumerate() {
            if index != column {
                let factor = line[column] / head[column];
                for (cell, other) in line.iter_mut().zip(head) {
                    *cell -= factor * other;
                }
            }
        }
    }
    Some([0, 1, 2].map(|index| matrix[index][3] / matrix[index][index]))
}
