"""PSNR, SSIM and other metrics, their confidence intervals, and the protocols they are measured under."""
