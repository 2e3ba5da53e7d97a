"""Learning from synthetic and real images: recipes of training, and what they are made of. Needs the extra 'learn'."""
