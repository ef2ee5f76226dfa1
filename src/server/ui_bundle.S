/* The dashboard and the API's description as read-only data. The paths come from CMakeLists.txt. */
    .section .rodata
    .balign 16
    .global tickspan_ui_begin
    .global tickspan_ui_end
    .global tickspan_openapi_begin
    .global tickspan_openapi_end
tickspan_ui_begin:
    .incbin TICKSPAN_UI_BLOB
tickspan_ui_end:
    .balign 16
tickspan_openapi_begin:
    .incbin TICKSPAN_OPENAPI_JSON
tickspan_openapi_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
