"""What jobs change outside themselves: decided, guarded, written, settled, reverted, and kept as an audit."""
