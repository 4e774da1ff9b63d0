"""What a table says: frames and rounds go in; exponents, crossover points, fronts and sentences come out.

Nothing here measures or draws, and nothing imports torch.
"""
