"""What IMM and KeypointGAN share: a training run over pairs of pictures, and linear regression."""
