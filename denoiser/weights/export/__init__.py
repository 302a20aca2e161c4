"""What goes into an export beside the weights: where they come from, the card, parity with ONNX."""
