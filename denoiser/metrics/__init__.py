"""PSNR, SSIM and what else is measured, with intervals and protocols."""
