"""The student's export to ONNX, and what runs it without PyTorch."""
