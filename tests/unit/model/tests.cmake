mr_test(model_message unit unit/model/message_test.c mr_model)
