"""A farm of real agents on one computer, and a stand-in for a cloud load balancer."""
