"""What runs the real template without an AWS account: the engine, the platforms' simulators, the demo."""
