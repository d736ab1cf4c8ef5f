"""
What every simulated platform shares: state, clock, calls, faults, people, callbacks, control endpoints and the page.
"""
