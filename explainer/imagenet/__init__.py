"""The categories of ImageNet: their tree, their words, who removed which, and where they live on."""
