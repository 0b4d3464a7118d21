//! What is wrong with an annotation or a vocabulary, as facts; the words are made in the facade.
