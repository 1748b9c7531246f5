"""IMM: landmarks learnt by repainting one picture in the pose of another (method 3)."""
