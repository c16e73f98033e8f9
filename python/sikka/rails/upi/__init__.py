"""UPI straight at the switch: signed XML out, verified XML in."""
