add_library(recipe_kit STATIC unit/recipe/kit.c)
target_link_libraries(recipe_kit PUBLIC mr_model PkgConfig::CMOCKA)

mr_test(recipe unit unit/recipe/recipe_test.c recipe_kit)
mr_test(recipe_op unit unit/recipe/recipe_op_test.c recipe_kit)
