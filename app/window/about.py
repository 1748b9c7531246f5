"""What the program is made of, and under which licences."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QWidget

_TEXT = """
<h3>{name}</h3>
<p>A human pose estimator that learns, while it runs, from the person in front of it. After
Li, Hao, Di, Gundavarapu, Wang: <i>Test-Time Personalization with a Transformer for Human Pose
Estimation</i>, NeurIPS 2021. Its KeypointGAN is after Jakab, Gupta, Bilen, Vedaldi:
<i>Self-supervised Learning of Interpretable Keypoints from Unlabelled Videos</i>, CVPR 2020.</p>
<p>This program's own licence is in the file LICENSE. It is built with</p>
<table cellspacing="4">{rows}</table>
"""

_PARTS = (
    ("Qt and PyQt6", "GPL-3.0"),
    ("PyTorch", "BSD-3-Clause"),
    ("OpenCV", "Apache-2.0"),
    ("NumPy, SciPy", "BSD-3-Clause"),
    ("pyqtgraph, ONNX Runtime, platformdirs", "MIT"),
    ("safetensors", "Apache-2.0"),
    ("Person detector: MoveNet by Google", "Apache-2.0, package MIT"),
    ("Person mask: MediaPipe Selfie Segmentation by Google", "Apache-2.0, package MIT"),
    ("Perceptual network: VGG-16", "weights CC BY 4.0, torchvision BSD-3-Clause"),
    ("Clip “gymnast”: Pose2Sim, D. Pagnon", "BSD-3-Clause"),
    ("Rendered demo clips", "CC0"),
    ("Icons: Lucide", "ISC"),
)


def show_about(parent: QWidget, name: str) -> None:
    """Open the about box of the program called ``name``; returns while it is open."""
    rows = "".join(f"<tr><td>{part}</td><td>{licence}</td></tr>" for part, licence in _PARTS)
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(f"About {name}")
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(_TEXT.format(name=name, rows=rows))
    box.open()
