"""Why a symbol was a hit or not, who missed by little, and which clauses let how many through."""
