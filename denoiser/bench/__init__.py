"""Speed of training, evaluating and denoising photographs, against peers."""
