"""Running the checks: order, evidence and its re-use, waivers, and what a release may rely on."""
