"""What a student gets back after grading: one page of their own, as HTML and as Markdown, out of the stored records."""
