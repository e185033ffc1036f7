add_library(http_server STATIC unit/http/http_server.c)
target_link_libraries(http_server PUBLIC mr_flags Threads::Threads)

mr_test(http unit unit/http/http_test.c mr_http mr_sim)
mr_test(http_curl unit unit/http/curl_test.c mr_http http_server)
mr_test(http_url unit unit/http/url_test.c mr_http)
