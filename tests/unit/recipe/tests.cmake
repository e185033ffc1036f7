mr_test(recipe unit unit/recipe/recipe_test.c mr_model)
