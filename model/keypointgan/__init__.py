"""KeypointGAN (CVPR 2020): points of people from pictures and unpaired poses (methods 2.1 to 2.12).

``network`` is the whole, ``learner`` a training step, ``job`` a training from data to files,
``evaluation`` the published measures, and what can be done with a trained network.
"""
