"""What can be proved of a policy: who reaches which rule, where a gap is, what two versions do differently."""
