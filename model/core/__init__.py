"""What has no method and no data set: geometry, heatmaps, skeletons, images, files, devices."""
