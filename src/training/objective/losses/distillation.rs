//! The loss of a student against the softened scores of a teacher (Hinton et al. 2015).

use burn::tensor::{Tensor, activation};

/// Returns the mean over the batch of −Σₖ qₖ log pₖ, `[1]`, where p is the softmax of the `student`'s logits [b, K] and
/// q that of the `teacher`'s, both divided by the `temperature`. The teacher receives no gradient.
///
/// Gradients are smaller by 1/T² than those of the action loss, which a weight of T² compensates.
pub fn soft_loss(student: Tensor<2>, teacher: Tensor<2>, temperature: f64) -> Tensor<1> {
    let targets = activation::softmax(teacher.detach() / temperature, 1);
    (activation::log_softmax(student / temperature, 1) * targets).sum_dim(1).mean().neg()
}
