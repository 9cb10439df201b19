"""Words that every layer shares: source text, spans, diagnostics, types and units."""
