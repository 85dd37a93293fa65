"""What now?  Pure: plain values and now in, a Decision out."""
