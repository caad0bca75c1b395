//! The loss of a student against the softened scores of a teacher (Hinton et al. 2015).

use burn::tensor::{Tensor, activation};

/// Returns the mean over the batch of −Σₖ qₖ log pₖ, `[1]`: p of the `student`'s logits [b, K] and q of the `teacher`'s, both divided by
/// the `temperature`. No gradient goes to the teacher.
///
/// Its gradient is smaller by 1/T² than that of the action loss, which a weight of T² makes up for.
pub fn soft_loss(student: Tensor<2>, teacher: Tensor<2>, temperature: f64) -> Tensor<1> {
    let targets = activation::softmax(teacher.detach() / temperature, 1);
    (activation::log_softmax(student / temperature, 1) * targets).sum_dim(1).mean().neg()
}
