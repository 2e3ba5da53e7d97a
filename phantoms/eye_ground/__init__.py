"""What one sees at the back of an eye: disc, pigment, the choroid's vessels, nerve fibres, gloss, and lesions."""
